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


def test_learning_lets_a_shops_own_words_win_over_the_dictionarys():
    """宁西 is a word of the shop; the dictionary alone cuts 宁西安万 into 宁/西安/万."""
    starts, ends = "黄吉 大丹 兰泉 明文 本乐 花春".split(), "安万 光泰 北胜 金星 永美 龙南".split()
    truth = [[a, "宁西", b] for a in starts for b in ends]
    texts = ["".join(words) for words in truth]
    mined = Segmenter(()).with_mined(mine_words(texts))
    before = boundary_f1(truth, [mined.cut(t) for t in texts])
    after = boundary_f1(truth, [mined.learn(texts).cut(t) for t in texts])
    assert after > before + 0.2


def test_learning_from_few_texts_keeps_the_dictionary():
    truth = labelled()
    base = Segmenter(tuple(w for words in domain_words().values() for w in words))
    learnt = base.learn(["".join(words) for words in truth])
    cuts = [[s.cut("".join(words)) for words in truth] for s in (base, learnt)]
    assert boundary_f1(truth, cuts[1]) >= boundary_f1(truth, cuts[0]) - 0.005
