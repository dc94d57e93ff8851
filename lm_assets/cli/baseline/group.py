"""``lm baseline``: make, review and compare baselines."""

import click

from lm_assets.cli.baseline.change import init, update
from lm_assets.cli.baseline.compare import compare
from lm_assets.cli.baseline.propose import propose
from lm_assets.cli.baseline.retire import retire
from lm_assets.cli.baseline.review import list_baselines, show, verify


@click.group()
def baseline() -> None:
    """Make, review and compare the baselines in config/baselines/load-test-baselines.yaml.

    Campaigns are read from the bucket (LM_S3_ENDPOINT, LM_S3_BUCKET, AWS_*). Nothing here commits
    to git: a change of the file is reviewed like any other.
    """


COMMANDS: tuple[click.Command, ...] = (
    *(init, update, propose, compare),
    *(list_baselines, show, verify, retire),
)
for _command in COMMANDS:
    baseline.add_command(_command)
