"""What comparing answers came to, as one file: routes, groups of differences, and answers side by side. Pure.

Answers are foreign input: the template escapes all of it, and the page's policy runs no script but its own, which only
searches and folds; without it everything can be read.
"""

from __future__ import annotations

from rollout.parity.explained import Explanation
from rollout.parity.pairs import lines_left_out
from rollout.parity.report import ParityReport
from rollout.reports.pages import asset, digest, page


def parity_page(report: ParityReport, explained: Explanation) -> str:
    """The page.

    Args:
        explained: The groups of the report that are shown with answers.
    """
    styles = f"style-src {digest('style.css')} {digest('parity.css')}"
    return page(
        "parity.html",
        policy=f"default-src 'none'; {styles}; script-src {digest('parity.js')}; img-src data:; base-uri 'none'",
        it=report,
        groups=explained.groups,
        left_out=lines_left_out,
        own_style=asset("parity.css"),
        own_script=asset("parity.js"),
    )
