"""The keys that each kind of question uses. All other keys of prompt_toolkit are off: history, search, editor, yank."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.key_binding.key_processor import KeyPressEvent

    from ccsetup.core.model import Widget

# In prompt_toolkit's names c-h is Backspace, c-i Tab and c-m Enter. c-z suspends; c-c and c-d cancel.
ANYWHERE = frozenset({"<any>", "<sigint>", "escape", "c-m", "c-j", "c-c", "c-d", "c-z", "c-h", "left"})
LINE = ANYWHERE | {
    "<bracketed-paste>", "right", "home", "end", "delete", "c-a", "c-b", "c-e", "c-f", "c-i", "c-k", "c-u", "c-w",
}  # fmt: skip
USED: dict[Widget, frozenset[str]] = {
    "text": LINE,
    "secret": LINE,
    "path": LINE | {"s-tab", "up", "down"},
    "choose": LINE | {"up", "down", "c-p", "c-n", "pageup", "pagedown"},
    "confirm": ANYWHERE,
}


def unused(widget: Widget) -> KeyBindings:
    """Return bindings that disable every key that this kind of question doesn't use."""
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.keys import Keys

    bindings = KeyBindings()
    for key in Keys:
        if key.value not in USED[widget]:
            bindings.add(key, eager=True)(_nothing)
    return bindings


def _nothing(event: KeyPressEvent) -> None:
    return
