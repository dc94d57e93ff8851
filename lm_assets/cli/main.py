"""The ``lm`` command: finds the command asked for, turns errors into messages and exit codes."""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.last_resort import say_of_file, say_unexpected
from lm_assets.model.errors import ConfigurationError, DataFaultError, LmError, UnusableInputError

# Loaded only when asked for: `lm --help` and shell completion should not pay for NumPy.
_COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "demo": (
        "lm_assets.cli.platform.demo",
        "demo",
        "The whole pipeline on recorded Spark campaigns.",
    ),
    "serve": ("lm_assets.cli.platform.serve", "serve", "Embedded engines and the Dagster UI."),
    "exporter": (
        "lm_assets.cli.platform.exporter",
        "exporter",
        "What was judged last and which alerts are open, for Prometheus.",
    ),
    "init": (
        "lm_assets.cli.platform.init",
        "init",
        "A configuration for a matrix of your own.",
    ),
    "convert": (
        "lm_assets.cli.platform.convert",
        "convert",
        "Result lines from what other load tools write.",
    ),
    "validate": (
        "lm_assets.cli.platform.validate",
        "validate",
        "What would happen to a folder of results.",
    ),
    "submit": (
        "lm_assets.cli.platform.submit",
        "submit",
        "Check a folder of results, deliver it, wait for its verdict.",
    ),
    "prepare": (
        "lm_assets.cli.platform.prepare",
        "prepare",
        "The bucket, its rules and both databases' tables, made where they are missing.",
    ),
    "doctor": (
        "lm_assets.cli.platform.doctor",
        "doctor",
        "Everything a deployment needs, checked, with what to do.",
    ),
    "gate": (
        "lm_assets.cli.platform.gate",
        "gate",
        "A judged campaign's verdict as an exit code, for CI.",
    ),
    "alerts": (
        "lm_assets.cli.platform.alerts",
        "alerts",
        "What is wrong, who has it: list, show, ack, accept, dismiss, resolve, reopen.",
    ),
    "campaigns": (
        "lm_assets.cli.platform.campaigns",
        "campaigns",
        "What has landed, and how it stands.",
    ),
    "quarantine": (
        "lm_assets.cli.platform.campaigns",
        "quarantine",
        "What was refused of a campaign, and why.",
    ),
    "report": ("lm_assets.cli.platform.report", "report", "Fetch a campaign's reports."),
    "warehouse": (
        "lm_assets.cli.platform.warehouse",
        "warehouse",
        "The tables in Postgres: migrate, or rebuild from the bucket.",
    ),
    "retention": (
        "lm_assets.cli.platform.retention",
        "retention",
        "What is past its days: list, remove.",
    ),
    "explain": (
        "lm_assets.cli.causes.explain",
        "explain",
        "Why it got slower: of a campaign, or of event logs.",
    ),
    "profile": (
        "lm_assets.cli.causes.profile_log",
        "profile",
        "What explains a run after its log has expired.",
    ),
    "mcp": (
        "lm_assets.cli.questions.server",
        "mcp",
        "Answer a language model's questions; nothing writes.",
    ),
    "baseline": ("lm_assets.cli.baseline.group", "baseline", "Make, review and compare baselines."),
    "collect": ("lm_assets.cli.collect", "collect", "One load run's canonical record."),
    "judge": (
        "lm_assets.cli.samples.judge",
        "judge",
        "Judge current samples against a baseline's.",
    ),
    "compare-versions": (
        "lm_assets.cli.samples.judge",
        "compare_versions",
        "Compare two versions across the matrix.",
    ),
    "trend": ("lm_assets.cli.samples.series", "trend", "Slope and change points of a series."),
    "outliers": (
        "lm_assets.cli.samples.series",
        "outliers",
        "Values outside the 1.5 × IQR fences.",
    ),
    "calibrate": (
        "lm_assets.cli.samples.calibrate",
        "calibrate",
        "False alarms and recall, measured.",
    ),
    "plan": (
        "lm_assets.cli.samples.plan",
        "plan",
        "The next runs, spread or paired over time and nodes.",
    ),
    "simulate": ("lm_assets.cli.samples.simulate", "simulate", "Write a simulated campaign."),
}


# What a person typed, and not what somebody delivered.
_MOST_CHARACTERS = 4_000
_RULES_OF_USAGE = frozenset(
    {"campaign_id", "combination_id", "which_series", "which_column", "no_column"}
)


class LazyGroup(click.Group):
    """A command group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, imported now."""
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their one-line texts, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lm-assets")
def lm() -> None:
    """Find performance regressions in load-test matrices, and say how sure that is.

    \b
    Start here:
      lm demo                          from landed files to reports, on recorded campaigns
      lm serve                         the same platform, kept up, with its web page
      lm COMMAND --help                what a command does, with examples

    Exit codes: 0 ok, 2 regression, 3 undecided, 4 data fault, 5 not judged yet,
    1 usage or internal error. Connections and secrets come from the environment only
    (docs/configuration.md).
    """


def main(arguments: list[str] | None = None) -> None:
    """Run ``lm``; every error a person can act on is one message on stderr."""
    _open_what_is_closed()
    try:
        result: Any = lm.main(args=arguments, prog_name="lm", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("lm: interrupted", err=True)
        sys.exit(ExitCode.ERROR)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.ERROR)
    except (DataFaultError, UnusableInputError) as error:
        click.echo(f"lm: {_said(error)}", err=True)
        is_usage = isinstance(error, UnusableInputError) and error.rule in _RULES_OF_USAGE
        sys.exit(ExitCode.ERROR if is_usage else ExitCode.DATA_FAULT)
    except (ConfigurationError, LmError) as error:
        click.echo(f"lm: {_said(error)}", err=True)
        sys.exit(ExitCode.ERROR)
    except BrokenPipeError:
        # The reader of our output went away (`lm … | head`); nothing is left to say to it.
        _leave_output()
        sys.exit(ExitCode.ERROR)
    except OSError as error:
        _leave_output()
        sys.exit(say_of_file(error))
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - Rust panics past Exception
        sys.exit(say_unexpected(error))
    sys.exit(result if isinstance(result, int) else ExitCode.OK)


def _open_what_is_closed() -> None:
    """Give a process that was started without a standard stream one that leads nowhere."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _said(error: Exception) -> str:
    """Return an error's text; what it quotes of an input can be of any length."""
    text = str(error)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} …"


def _leave_output() -> None:
    """Let nothing be written any more: at the end Python would try it again, and fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
