"""Cuts of shop queries against 368 labelled by hand before the dictionary was made."""

from pathlib import Path

from tmall_nb.lexicon import banned_words, domain_words
from tmall_nb.stats.segment import Segmenter, boundary_f1, mine_words

LABELS = Path(__file__).with_name("query_labels.txt")
LEAST_F1 = 0.84


def labelled():
    lines = LABELS.read_text(encoding="utf-8").splitlines()
    return [line.split("/") for line in lines if line and line[0] not in "#["]


def test_f1_on_labelled_queries():
    truth = labelled()
    assert len(truth) >= 300
    segmenter = Segmenter(tuple(w for words in domain_words().values() for w in words))
    cuts = [segmenter.cut("".join(words)) for words in truth]
    assert boundary_f1(truth, cuts) >= LEAST_F1


def test_cutting_loses_no_character():
    segmenter = Segmenter(())
    for words in labelled()[:100]:
        text = "".join(words)
        assert "".join(segmenter.cut(text)) == text


def test_mined_words_repeat_and_do_not_depend_on_order():
    texts = ["".join(words) for words in labelled()]
    first, second = mine_words(texts), mine_words(texts[::-1])
    assert set(first.words) == set(second.words)


def test_boundary_f1_is_one_for_equal_cuts_and_counts_spans():
    assert boundary_f1([["连衣裙", "女"]], [["连衣裙", "女"]]) == 1.0
    assert boundary_f1([["连衣裙", "女"]], [["连衣裙女"]]) == 0.0


def test_banned_words_carry_level_and_source():
    words = banned_words()
    assert len(words) > 30 and all(w.level in {"banned", "extreme", "caution"} and w.source for w in words)
