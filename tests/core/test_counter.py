from ccsetup.core.concurrency import Counter


def test_a_group_counts_when_all_its_work_is_done():
    told = []
    counter = Counter(["us-east-1", "us-east-2", "us-east-1"], lambda done, all_: told.append((done, all_)))
    for region in ("us-east-1", "us-east-2", "us-east-1"):
        counter.done(region)
    assert told == [(1, 2), (2, 2)]


def test_nobody_has_to_be_told():
    Counter(["x"], None).done("x")
