"""Where pictures go, what they leave alone, and what they say without matplotlib."""

import re
import subprocess
import sys

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from layerwise import plots
from layerwise.errors import MissingExtraError, SpecError
from layerwise.plots.words import WORDS, label_name, word
from layerwise.returns import ReturnCurve, fit_returns


def curve() -> ReturnCurve:
    return fit_returns([3, 10, 20, 30, 60], [90, 100])  # type: ignore[arg-type]


def test_given_axes_are_returned(ax: Axes) -> None:
    """Drawing goes to the given axes, and they come back."""
    assert plots.plot_return_curve(curve(), ax=ax) is ax
    ax.figure.draw_without_rendering()


def test_a_new_figure_of_pyplot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without axes a figure 640 pixels wide is made, which pyplot knows and can show."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    found = plots.plot_return_curve(curve())
    assert found.figure is plt.gcf()
    assert found.figure.get_figwidth() * 100 == 640
    plt.close(found.figure)


def test_settings_stay(ax: Axes) -> None:
    """No setting of matplotlib changes."""
    before = dict(mpl.rcParams)
    plots.plot_return_curve(curve(), ax=ax)
    assert dict(mpl.rcParams) == before


OLD_MATPLOTLIB = [
    option
    for part in ("_fontconfig_pattern", "_mathtext")
    for option in ("-W", f"ignore::DeprecationWarning:matplotlib.{part}")
]
"""Old releases call new pyparsing by old names; every other warning stays an error."""


def test_pyplot_stays_out_of_it() -> None:
    """With axes given, pyplot is not even imported; nor matplotlib by importing the plots."""
    code = (
        "import sys\nfrom layerwise.plots import plot_return_curve\n"
        "from layerwise.returns import fit_returns\n"
        "print('matplotlib' in sys.modules)\n"
        "from matplotlib.figure import Figure\n"
        "plot_return_curve(fit_returns([3, 10, 20], [90]), ax=Figure().subplots())\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-W", "error", *OLD_MATPLOTLIB, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the install."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtraError, match=r'pip install "layerwise\[plot\]"'):
        plots.plot_return_curve(curve())


def test_several_axes_are_refused() -> None:
    """An array of axes is not one Axes."""
    with pytest.raises(SpecError, match="one matplotlib Axes"):
        plots.plot_return_curve(curve(), ax=Figure().subplots(1, 2))


def test_chinese(ax: Axes) -> None:
    """Texts are in Chinese when asked for, and another language is refused."""
    plots.plot_return_curve(curve(), ax=ax, lang="zh")
    assert ax.get_xlabel() == "距上次下单的天数"
    with pytest.raises(SpecError, match="lang"):
        plots.plot_return_curve(curve(), ax=ax, lang="fr")  # type: ignore[arg-type]


def test_both_languages_have_the_same_places() -> None:
    """A text has the same numbers in both languages, and none is missing."""
    for english, chinese in WORDS.values():
        places = [sorted(re.findall(r"{\w+", text)) for text in (english, chinese)]
        assert places[0] == places[1]
        assert english != chinese


def test_labels_have_chinese_names() -> None:
    """Known labels are translated, others stand as they are."""
    assert label_name("value", "high", "en") == "high"
    assert label_name("value", "high", "zh") not in ("", "high")
    assert label_name("value", "mine", "zh") == "mine"
    assert word("actual", "zh") == "实际"
