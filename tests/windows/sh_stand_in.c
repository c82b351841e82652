/*
 * A stand-in for the sh.exe that Git for Windows brings, for a git.exe without one. It is no shell: it runs
 * `sh -c COMMAND NAME [ARGUMENT...]` only for the two kinds of commands that git runs with it in the stories:
 *
 *   PROGRAM WORDS... "$@"             a credential helper, with its words and quotes as in sh, and the arguments
 *   f() { test "$1" != get || { echo "a=$A"; echo "b=$B"; }; }; f "$@"      the helper of git-remote-codecommit
 *
 * It ends with 127 and a line on stderr for anything else, so that no story passes by accident.
 */
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

static int refused(const char *why, const char *command)
{
	fprintf(stderr, "sh stand-in: %s: %s\n", why, command);
	return 127;
}

/* Run `echo "TEXT"; ` again and again, up to a brace. A text may have environment variables, named by $NAME. */
static int echo(const char *rest)
{
	char text[256], name[128];
	int length = 0, n = 0;

	for (; *rest && *rest != '}'; rest += length) {
		length = 0;
		if (sscanf(rest, "echo \"%255[^\"]\"; %n", text, &length) != 1 || !length)
			return -1;
		for (const char *c = text; *c; c++) {
			if (*c != '$')
				putchar(*c);
			else if (sscanf(c, "$%127[A-Z_]%n", name, &n) == 1) {
				fputs(getenv(name) ? getenv(name) : "", stdout);
				c += n - 1;
			} else
				return -1;
		}
		putchar('\n');
	}
	return *rest == '}' ? 0 : -1;
}

/* git quotes arguments for sh.exe as MSYS2 reads them: with each backslash doubled, not only those before a quote. */
static void undouble(char *argument)
{
	char *to = argument;

	for (const char *from = argument; *from; from++) {
		if (from[0] == '\\' && from[1] == '\\')
			from++;
		*to++ = *from;
	}
	*to = 0;
}

int main(int argc, char **argv)
{
	static const char function[] = "f() { test \"$1\" != get || { ";
	char word[4096], *words[MOST], *quoted[MOST];
	int count = 0, length = 0, started = 0;
	char open = 0;

	if (argc < 3 || strcmp(argv[1], "-c"))
		return refused("only -c", argc > 1 ? argv[1] : "");
	for (int i = 2; i < argc; i++)
		undouble(argv[i]);
	const char *command = argv[2];
	if (!strncmp(command, function, sizeof(function) - 1)) {
		if (!strstr(command, "; }; f"))
			return refused("not the function that is known here", command);
		if (argc < 5 && !strstr(command, "; }; f get"))
			return refused("no operation", command);
		if (argc >= 5 && strcmp(argv[argc - 1], "get"))
			return 0;
		return echo(command + sizeof(function) - 1) ? refused("echo", command) : 0;
	}
	for (const char *c = command;; c++) {
		if (!open && (*c == 0 || *c == ' ')) {
			if (started && count < MOST - 8) {
				word[length] = 0;
				if (!strcmp(word, "$@") || !strcmp(word, "\"$@\""))
					for (int i = 4; i < argc && count < MOST - 2; i++)
						words[count++] = argv[i];
				else
					words[count++] = strdup(word);
			}
			length = started = 0;
			if (!*c)
				break;
		} else if (!*c) {
			return refused("a quote isn't closed", command);
		} else if (open ? *c == open : (*c == '\'' || *c == '"')) {
			open = open ? 0 : *c;
			started = 1;
		} else {
			if (!open && strchr("|&;<>()`{}*?", *c))
				return refused("this takes a shell", command);
			if (!open && *c == '\\' && c[1])
				c++;
			if (length < (int)sizeof(word) - 1)
				word[length++] = *c;
			started = 1;
		}
	}
	words[count] = NULL;
	if (!count)
		return refused("nothing to run", command);
	for (int i = 0; i <= count; i++) { /* Windows' spawn joins the words with spaces */
		if (!words[i]) {
			quoted[i] = NULL;
			continue;
		}
		quoted[i] = malloc(strlen(words[i]) + 3);
		sprintf(quoted[i], strchr(words[i], ' ') || !*words[i] ? "\"%s\"" : "%s", words[i]);
	}
	int code = (int)_spawnvp(_P_WAIT, words[0], (const char *const *)quoted);
	return code < 0 ? refused("can't run", words[0]) : code;
}
