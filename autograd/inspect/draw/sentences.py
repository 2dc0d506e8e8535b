"""Sentences that can be said in several languages: a key, and the words that are filled into its template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .player_words import ARRAYS, FRAGMENTS, NOTES, PAGE
from .rule_sentences import RULES
from .slots import filled, gated

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

#: What HTML calls them.
LANGUAGE_TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}

#: Every template by its key, in each language.
TEMPLATES: dict[str, tuple[str, str]] = {**RULES, **NOTES, **PAGE}

#: What is said of a gate whose local derivative is 0, 0.5, 1, or none of them.
_GATE = ("relu shut", "slope", "relu open", "slope")


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a part of one, that is not yet in any language.

    Attributes
    ----------
    key : str
        That of its template. It may be a choice by a number (:func:`.slots.gated`).
    words : dict
        What is filled in: texts that are the same in every language, and parts that are not. They may have slots.
    """

    key: str
    words: Mapping[str, str | Sentence] = field(default_factory=dict)

    def text(self, lang: Language = "en") -> str:
        """Return it in a language."""
        words = {name: x if isinstance(x, str) else x.text(lang) for name, x in self.words.items()}
        said = TEMPLATES[self.key][LANGUAGES.index(lang)].format(**words)
        return re.sub(r"([\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", r"\1", said)  # of parts that were put together

    def filled(self, numbers: Mapping[str, Any]) -> Sentence:
        """Return it with numbers in its slots."""
        words = {
            name: filled(x, numbers) if isinstance(x, str) else x.filled(numbers) for name, x in self.words.items()
        }
        return Sentence(filled(self.key, numbers) or _GATE[-1], words)


def sentence(key: str, **words: str | Sentence) -> Sentence:
    """Return a sentence with those of the words that its template takes."""
    taken = set(re.findall(r"\{(\w+)\}", "".join(TEMPLATES[key])))
    return Sentence(key, {name: x for name, x in words.items() if name in taken})


def gate(derivative: str, **words: str | Sentence) -> Sentence:
    """Return what is said of a gate; ``derivative`` is the source of its local derivative."""
    taken = {name: x for key in _GATE for name, x in sentence(key, **words).words.items()}
    return Sentence(gated(derivative, _GATE[:3]), taken)


def joined(sentences: Iterable[Sentence], lang: Language = "en") -> str:
    """Return sentences one after the other: Chinese writes no spaces between them."""
    return ("" if lang == "zh" else " ").join([x.text(lang) for x in sentences])


def templates_for(sentences: Iterable[Mapping[str, Any]]) -> dict[Language, dict[str, str]]:
    """Return what a page needs in each language: its own texts, and the templates of sentences.

    Parameters
    ----------
    sentences : iterable of dict
        As :func:`dataclasses.asdict` makes them.
    """
    keys = dict.fromkeys([*PAGE, *[key for x in sentences for key in _keys(x)]])
    return {lang: {key: TEMPLATES[key][i] for key in keys} for i, lang in enumerate(LANGUAGES)}


def _keys(sentence: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of all templates that a sentence may need: other numbers may open and shut a gate."""
    yield from _GATE if sentence["key"] in _GATE else (sentence["key"],)
    for x in sentence["words"].values():
        if not isinstance(x, str):
            yield from _keys(x)


def formula_text(formula: str, lang: Language = "en") -> str:
    """Return a formula, in which words may stand, in a language."""
    if lang == "zh":
        for pattern, there in (*ARRAYS, *FRAGMENTS):
            formula = re.sub(pattern, there, formula)
    return formula


def fragments_for(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the words that stand in some formulas as patterns, and what replaces them in Chinese, for JavaScript."""
    everything = list(texts)
    needed = [x for x in FRAGMENTS if any(re.search(x[0], text) for text in everything)]
    return [(pattern, there.replace("\\", "$")) for pattern, there in (*ARRAYS, *needed)]
