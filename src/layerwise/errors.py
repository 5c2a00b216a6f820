"""The errors and warnings of layerwise, by the stage that raises them.

Every message says what is wrong, names the column or the quantity with counts, and ends in a
``Hint:``. None ever holds a customer id or a value of a row.
"""

from collections.abc import Iterable

_SHOWN = 20  # problems in one message


class LayerwiseError(ValueError):
    """Base of all errors that layerwise raises on purpose.

    Args:
        message: What is wrong and where.
        hint: What to do; shown on a line of its own.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}\nHint: {hint}")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the hint, so that errors cross process borders whole."""
        return (_rebuild, (type(self), self.message, self.hint))


class ColumnsError(LayerwiseError):
    """A table lacks a column, has one twice, or has one of the wrong type."""


class DataError(LayerwiseError):
    """A table's values cannot be used: dates, amounts, ids, impossible histories."""


class SpecError(LayerwiseError):
    """A choice given to a spec or a function is not possible, or layers do not fit together."""


class FitError(LayerwiseError):
    """A model or layer cannot be learned from this table."""


class NotFittedError(LayerwiseError, AttributeError):
    """A spec was asked for what only its fitted form has."""


class TableError(LayerwiseError):
    """A strategy table is not valid."""


class SavedFileError(LayerwiseError):
    """A saved file cannot be read as what it should be."""


class EngineError(LayerwiseError):
    """A dataframe engine cannot do what was asked."""


class PrivacyError(LayerwiseError):
    """What was asked would give away who a customer is; nothing was written or returned."""


class MissingExtraError(LayerwiseError, ImportError):
    """An optional dependency is not installed."""


class LayerwiseWarning(UserWarning):
    """Base of all warnings of layerwise: the result may be used, with the stated care."""


class RowsLeftOutWarning(LayerwiseWarning):
    """Rows of the input were left out; the message gives the counts and the reasons."""


class ColumnsLeftOutWarning(LayerwiseWarning):
    """Columns of the input are not used although they look as if they should be."""


class LogEndsEarlyWarning(LayerwiseWarning):
    """The order log ends long before the last day that counts, so silence is not observed."""


class TimeZoneWarning(LayerwiseWarning):
    """Days were counted in UTC or another fixed offset because no time zone was given."""


class FewerLayersWarning(LayerwiseWarning):
    """The data holds fewer distinct values than the layers asked for."""


class NotConvergedWarning(LayerwiseWarning):
    """An optimiser stopped before the gradient vanished."""


class NotIdentifiedWarning(LayerwiseWarning):
    """The data cannot tell the parameters of a model; predictions may still be usable."""


class WeakKeyWarning(LayerwiseWarning):
    """A secret key looks like text that somebody could guess."""


class ShortBaselineWarning(LayerwiseWarning):
    """Series have too few periods to be judged by; the message counts them."""


class CertainForecastWarning(LayerwiseWarning):
    """Probabilities of 0 or 1 were taken as almost so; the message counts them."""


class SampleRatioWarning(LayerwiseWarning):
    """Arms are not of the planned sizes, so that effects may be those of who is missing."""


class EarlyLookWarning(LayerwiseWarning):
    """An experiment is read before it has the planned number of customers."""


class LookAheadWarning(LayerwiseWarning):
    """What was learned later may stand for what was known at the start, and flatters the result."""


def problems(title: str, lines: Iterable[str]) -> str:
    """Return one message that lists the problems of one input at once, the first 20 in full.

    >>> print(problems("Wrong:", ["no date", "no amount"]))
    Wrong:
      no date
      no amount
    """
    found = list(lines)
    more = [f"... and {len(found) - _SHOWN:,} more"] if len(found) > _SHOWN else []
    return "\n".join([title, *(f"  {line}" for line in [*found[:_SHOWN], *more])])


def _rebuild(kind: type[LayerwiseError], message: str, hint: str) -> LayerwiseError:
    return kind(message, hint=hint)
