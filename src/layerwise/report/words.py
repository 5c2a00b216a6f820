"""The words of a report in one language, and how layers and labels are called in it."""

from collections.abc import Iterable
from typing import Any

import attrs

from layerwise.errors import SpecError
from layerwise.report.chinese import CHINESE, UNITS
from layerwise.strategy.labels import axes, labels


@attrs.frozen
class Say:
    """The words of one language; a text is looked up by its English form."""

    lang: str

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.lang, str) or self.lang not in ("en", "zh"):
            raise SpecError(
                f"lang must be 'en' or 'zh', got {self.lang!r:.20}.",
                hint="lang='zh' writes the report in Chinese.",
            )

    def __call__(self, text: str, **values: Any) -> str:
        """Return a text with its values filled in.

        >>> Say("zh")("{n} customers", n=12)
        '12 位用户'
        """
        return (CHINESE[text] if self.lang == "zh" else text).format(**values)

    def layer(self, name: str) -> str:
        """Return how a layer is called."""
        axis = axes().get(name)
        if axis is None:
            return name
        return axis.term_zh if self.lang == "zh" else first_large(axis.name_en)

    def term(self, layer: str, label: str) -> str:
        """Return how a label of a layer is called; labels that layerwise does not know stand."""
        known = labels().get((layer, label))
        if known is not None:
            return known.term_zh if self.lang == "zh" else first_large(known.name_en)
        return first_large(self(OWN[label])) if label in OWN else label

    def words(self, names: str) -> str:
        """Return fixed names that stand with semicolons between, in this language."""
        return self.listed(self.word(name) for name in names.split(";"))

    def listed(self, texts: Iterable[str]) -> str:
        """Return texts as one list.

        >>> Say("zh").listed(["偏高", "突变"])
        '偏高、突变'
        """
        return self(", ").join(texts)

    def footer(self, k: int) -> str:
        """Return what a hidden cell is."""
        text = (
            "Hidden cells (marked •) hold fewer than {k} customers, or would give away a cell that "
            "does."
        )
        return self(text, k=k)

    def unit(self, name: str) -> str:
        """Return the unit of a key figure."""
        return UNITS.get(name, name) if self.lang == "zh" else name

    def word(self, name: str) -> str:
        """Return a fixed name of a result, such as a verdict, in this language."""
        return self(OWN[name]) if name in OWN else name


def first_large(text: str) -> str:
    """Return a text with a capital first letter.

    >>> first_large("low spend")
    'Low spend'
    """
    return text[:1].upper() + text[1:]


def points(value: float, say: Say) -> str:
    """Return a difference of shares in points of percent.

    >>> points(0.031, Say("en")), points(-0.002, Say("zh"))
    ('+3.1 points', '−0.2 个百分点')
    """
    return say("{n} points", n=f"{value * 100:+.1f}".replace("-", "−"))


OWN = {
    "not_evaluable": "cannot be judged",
    "drift": "has moved",
    "no_drift": "as before",
    "refit_due": "fit anew",
    "not_due": "keep",
    "above": "above",
    "below": "below",
    "limits": "sudden",
    "ewma": "gradual",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "keep": "keep",
    "adjust": "adjust",
    "stop": "stop",
    "continue": "continue",
    "marketing": "marketing",
    "product": "product",
    "technology": "technology",
    "service": "service",
    "data": "data",
    "hr": "people",
    "legal": "legal",
    "web_app": "web and app",
    "email": "e-mail",
    "sms": "SMS",
    "wechat_group": "WeChat group",
    "social_media": "social media",
    "mini_program": "mini program",
    "store": "store",
    "online": "online",
}
"""Fixed names that results hold -> what a reader sees (English; Chinese by `CHINESE`)."""
