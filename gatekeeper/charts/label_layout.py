"""Where the words of limits stand in a chart: none over another, none beyond its edges."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_HIGH, _WIDE, _APART = 17.0, 9.0, 12.0  # px: a line of text, a letter at its widest, two words side by side
_ABOVE, _BELOW = -5.0, 14.0  # from a limit to the foot of its word


@dataclass(frozen=True, slots=True)
class Word:
    """The foot of a word: where it begins and on which height."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    right: float
    foot: float

    def meets(self, other: "_Box") -> bool:
        return self.left < other.right and other.left < self.right and abs(self.foot - other.foot) < _HIGH


def placed_words(limits: Sequence[tuple[float, str]], *, left: float, right: float, bottom: float) -> list[Word]:
    """Return where the word of each limit (its height, its text) stands; the limits keep their order.

    Above its line at the left, or below it where another one is too near, or further right where both are taken.
    """
    boxes: dict[int, _Box] = {}
    for place in sorted(range(len(limits)), key=lambda row: limits[row][0]):
        y, text = limits[place]
        other_heights = [height for at, (height, _text) in enumerate(limits) if at != place]
        wide = len(text) * _WIDE
        tried = list(_tried(y, wide, tuple(boxes.values()), left=left, right=right, bottom=bottom))
        free = [row for row in tried if not any(row.meets(box) for box in boxes.values())]
        clear = [
            row for row in free if not any(row.foot - _HIGH + 2 < height < row.foot + 2 for height in other_heights)
        ]
        boxes[place] = next(iter(clear or free or tried))
    return [Word(round(boxes[place].left, 1), round(boxes[place].foot, 1)) for place in range(len(limits))]


def _tried(y: float, wide: float, boxes: Iterable[_Box], *, left: float, right: float, bottom: float) -> Iterator[_Box]:
    starts = [left, *(box.right + _APART for box in boxes)]
    for start in starts:
        for foot in (y + _ABOVE, y + _BELOW):
            if start + wide <= right and foot <= bottom:
                yield _Box(start, start + wide, foot)
    yield _Box(left, left + wide, y + _ABOVE)
