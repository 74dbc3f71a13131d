"""The steps of action.yml: what is applied after a merge is what its pull request's comment shows.

`preview` asks rollout and writes what to say into a file, `comment` posts it, `lookup` reads the digests out of the
comment, and `apply` gives them to rollout, which refuses any other plan. Only `comment` and `lookup` have the token.
It uses the standard library alone, since any runner's Python runs it.

https://docs.github.com/en/rest/issues/comments
https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

MARK = "<!-- rollout: "
NOTHING = "nothing"
"""The digest where there is nothing to approve: no gate has it."""
LONGEST = 60_000  # GitHub takes comments of 65,536 characters
PAGE = 100


def main(step: str) -> int:
    """Run one step: its exit code."""
    folder = Path(os.environ["RUNNER_TEMP"]) / "rollout-action"
    folder.mkdir(exist_ok=True)
    return {"preview": preview, "comment": comment, "lookup": lookup, "apply": apply}[step](folder)


def preview(folder: Path) -> int:
    """Ask rollout about each environment; a failure is told in the comment, too, and leaves no digest there."""
    phase, environments = os.environ["PHASE"], os.environ["ENVIRONMENTS"].split()
    digests, parts, code = dict[str, str](), list[str](), 0
    for environment in environments:
        asked = ("preview", phase, environment)
        for_people, for_machines = rollout(*asked), rollout(*asked, "--json")
        digest = digest_of(for_machines.stdout)
        words = (for_people.stdout + for_people.stderr)[: LONGEST // len(environments)]
        if failed := for_machines.returncode or for_people.returncode:
            code = failed
        elif digest != NOTHING and digest not in for_people.stdout:
            code, words = 1, f"{words}\nAWS changed between two previews: run this job again."
        else:
            digests[f"{phase} {environment}"] = digest
        sys.stdout.write(words)
        parts.append(section(environment, words, digests.get(f"{phase} {environment}")))
    (folder / "comment.json").write_text(json.dumps({"digests": digests, "parts": parts}), "utf-8")
    return code


def section(environment: str, words: str, digest: str | None) -> str:
    """What the comment says of one environment; the fence is longer than any in the words."""
    fence = "`" * max(3, *(len(each) + 1 for each in re.findall("`+", words)), 0)
    said = {
        None: "**Failed; nothing will be applied.**",
        NOTHING: "Nothing to do.",
    }.get(digest, f"Merging applies exactly this, digest `{digest}`:")
    return f"### {environment}\n\n{said}\n\n{fence}text\n{words.strip()}\n{fence}\n"


def digest_of(lines: str) -> str:
    """The digest of the gate among rollout's events."""
    for line in lines.splitlines():
        event = json.loads(line)
        if event["event"] == "gate-opened":
            return str(event["gate"]["digest"])
    return NOTHING


def comment(folder: Path) -> int:
    """Write the comment, over its earlier self if there is one."""
    said = folder / "comment.json"
    made = json.loads(said.read_text("utf-8")) if said.exists() else {"digests": {}, "parts": ["The preview failed."]}
    text = f"{MARK}{json.dumps(made['digests'])} -->\n## rollout\n\n" + "\n".join(made["parts"])
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write(text)
    number = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))["pull_request"]["number"]
    if (found := ours(number)) is not None:
        api("PATCH", f"issues/comments/{found['id']}", {"body": text})
    else:
        api("POST", f"issues/{number}/comments", {"body": text})
    return 0


def lookup(folder: Path) -> int:
    """Find the digests in the comment of the pull request that this push merged."""
    branch = os.environ["GITHUB_REF_NAME"]
    found = api("GET", f"commits/{os.environ['GITHUB_SHA']}/pulls")
    pulls = [each for each in found if each["merged_at"] and each["base"]["ref"] == branch]
    if len(pulls) != 1:
        return stop(f"this push merged {len(pulls)} pull requests; only what one of them shows can be applied")
    if (said := ours(pulls[0]["number"])) is None:
        return stop(f"pull request {pulls[0]['number']} has no preview by {os.environ['AUTHOR']}")
    (folder / "digests.json").write_text(said["body"].splitlines()[0].removeprefix(MARK).removesuffix(" -->"), "utf-8")
    return 0


def apply(folder: Path) -> int:
    """Apply what the comment shows, environment by environment; the first failure ends it."""
    digests: Mapping[str, str] = json.loads((folder / "digests.json").read_text("utf-8"))
    phase, environments = os.environ["PHASE"], os.environ["ENVIRONMENTS"].split()
    for environment in environments:
        if f"{phase} {environment}" not in digests:
            return stop(f"the pull request shows no preview of {phase} {environment} that succeeded")
    for environment in environments:
        done = rollout(phase, environment, "--yes", "--expect-digest", digests[f"{phase} {environment}"])
        sys.stdout.write(done.stdout + done.stderr)
        if done.returncode:
            return done.returncode
    return 0


def stop(why: str) -> int:
    """End before anything is done, with an error that GitHub shows at the job; its exit code."""
    sys.stdout.write(f"::error title=rollout::{why}; nothing was changed\n")
    return 3


def rollout(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(["rollout", *arguments], capture_output=True, text=True, check=False)


def ours(number: int) -> dict[str, Any] | None:
    """The comment of this action on a pull request. Anybody may write its mark, so its author counts."""
    for each in paged(f"issues/{number}/comments"):
        if each["user"]["login"] == os.environ["AUTHOR"] and each["body"].startswith(MARK):
            return each
    return None


def paged(path: str) -> Iterator[dict[str, Any]]:
    """All entries of a list."""
    for page in count(1):
        found = api("GET", f"{path}?per_page={PAGE}&page={page}")
        yield from found
        if len(found) < PAGE:
            return


def api(method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
    """Call GitHub about this repository."""
    request = urllib.request.Request(  # noqa: S310 - the runner's own address
        f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}",
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
        return json.load(answer)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except urllib.error.HTTPError as refused:
        sys.exit(stop(f"GitHub answered {refused.code} {refused.reason} to {refused.url}"))
