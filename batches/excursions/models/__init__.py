"""The rules that judge readings, what they said of each phase, and the excursions that were found."""

from batches.excursions.models.alarms import Acknowledgement
from batches.excursions.models.evaluations import Evaluation, Excursion, Progress, Watch
from batches.excursions.models.what_ifs import WhatIf, WhatIfPhase

__all__ = [
    "Acknowledgement", "Evaluation", "Excursion", "Progress", "Watch", "WhatIf", "WhatIfPhase",
]  # fmt: skip
