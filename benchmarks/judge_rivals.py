"""What others would say of the same requests: Kayenta's rule and CodeDeploy's, from their descriptions.

They are here to be measured beside the judge, and nothing in the package uses them.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from judge_streams import Ints
from numpy.typing import NDArray

CONFIDENCE, TOLERANCE = 0.98, 0.25
ALARM_RATE, ALARM_MINUTES = 0.01, 2


def kayenta_high(candidate: NDArray[np.float64], legacy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether Kayenta's classifier calls a metric High, by run, from one point a minute.

    Mann-Whitney's confidence interval of the shift at 98 per cent must lie above a quarter of the Hodges-Lehmann
    estimate. See MannWhitneyClassifier in spinnaker/kayenta.
    """
    points, others = candidate.shape[1], legacy.shape[1]
    differences = np.sort((candidate[:, :, None] - legacy[:, None, :]).reshape(len(candidate), -1), axis=1)
    spread = np.sqrt(points * others * (points + others + 1) / 12)
    reach = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2) * spread
    lowest = max(0, int(points * others / 2 - reach))
    return np.asarray(differences[:, lowest] > TOLERANCE * np.abs(np.median(differences, axis=1)))


def alarm_minute(bad: Ints, requests: Ints) -> Ints:
    """The minute after which a CloudWatch alarm on the candidate's errors goes off, by run; the last if it doesn't.

    It looks at the rate of each minute, and goes off where it is above 1 per cent in two minutes on end.
    """
    high = bad / requests > ALARM_RATE
    on = high[:, 1:] & high[:, :-1]
    return np.where(on.any(axis=1), on.argmax(axis=1) + ALARM_MINUTES, bad.shape[1])
