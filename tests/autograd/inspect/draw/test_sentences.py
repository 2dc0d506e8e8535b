"""The player's sentences in each of its languages."""

from __future__ import annotations

import re

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.inspect.draw import sentences
from seegrad.autograd.inspect.draw.player_words import NOTES, PAGE
from seegrad.autograd.inspect.draw.rule_sentences import RULES

#: Latin words in Chinese sentences: names of functions, of keys, and of this package.
NOT_ENGLISH = set(
    "exp log sqrt sin cos tanh sigmoid relu softmax hook no_grad sg play f x g p Python detect_anomaly zoom scalars "
    "Home End Esc S e h".split()
)


def fields(template):
    return sorted(set(re.findall(r"\{(\w+)\}", template)))


def test_every_key_is_said_in_every_language_with_the_same_words():
    assert len(sentences.TEMPLATES) == len(RULES) + len(NOTES) + len(PAGE)  # no key is taken twice
    for key, texts in sentences.TEMPLATES.items():
        assert len(texts) == len(sentences.LANGUAGES), key
        english, chinese = texts
        assert english, key
        assert chinese, key
        assert fields(english) == fields(chinese), key
        assert set(re.findall(r"[A-Za-z_]+", re.sub(r"\{\w+\}", "", chinese))) <= NOT_ENGLISH, chinese
        assert not re.search(r"[\u4e00-\u9fff]", english), key


def test_every_rule_is_a_sentence():
    for key, (english, chinese) in RULES.items():
        if key not in ("elementwise", "over rows", "over columns", "over axis", "over axes"):
            assert english.endswith(".")
            assert chinese.endswith("。")


def test_a_printed_player_follows_its_language():
    a = sg.Value(2.0, label="a")
    lines = str(sg.play(a * a, lang="zh")).splitlines()
    assert lines[:3] == ["开始  给定：a = 2.0", "前向  out = a * a = 2.0 * 2.0 = 4.0", "反向  dout/dout = 1.0"]
    assert str(sg.play(a * a, lang="en")) == str(sg.play(a * a))
    notes = [sentences.joined(step.notes, "zh") for step in sg.play(a * a).story.steps]
    assert "乘法传给每个因子的，是梯度与其余因子的乘积：1.0 × 2.0 = 2.0。" in notes


def test_an_unknown_language_is_named():
    with pytest.raises(ValueError, match="lang='fr' is not one of 'en', 'zh'"):
        sg.play(sg.Value(1.0) * 2.0, lang="fr")


def test_parts_are_said_in_the_language_of_their_sentence():
    x = sg.tensor(np.ones((3, 4)), requires_grad=True, label="x")
    b = sg.tensor(np.ones(4), requires_grad=True, label="b")
    steps = sg.play((x + b).sum()).story.steps
    notes = next(step.notes for step in steps if step.phase == "backward" and step.text.startswith("dout/db"))
    assert sentences.joined(notes) == (
        "A sum passes its gradient on unchanged: b gets [3.0, 3.0, 3.0, 3.0]. "
        "b was repeated over rows, so the gradients of its copies add up."
    )
    assert sentences.joined(notes, "zh").endswith("b 被沿各行广播，因此各个副本的梯度相加。")
