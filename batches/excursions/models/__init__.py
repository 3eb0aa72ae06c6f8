"""The rules that judge readings, their evaluations of each phase, and the excursions."""

from batches.excursions.models.alarms import Acknowledgement
from batches.excursions.models.evaluations import Evaluation, Excursion, Progress, StreamingState
from batches.excursions.models.what_ifs import WhatIf, WhatIfPhase

__all__ = [
    "Acknowledgement", "Evaluation", "Excursion", "Progress", "StreamingState", "WhatIf", "WhatIfPhase",
]  # fmt: skip
