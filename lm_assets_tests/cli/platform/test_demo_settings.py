"""The demo touches nothing that the environment names."""

from lm_assets.cli.platform.demo_run import ignore_settings


def test_the_settings_of_a_real_platform_are_taken_away_and_named():
    environment = {
        "LM_S3_ENDPOINT": "https://production",
        "LM_SLACK_WEBHOOK_URL": "https://hooks",
        "AWS_SECRET_ACCESS_KEY": "x",
        "DAGSTER_HOME": "/srv",
        "PATH": "/usr/bin",
    }
    ignored = ignore_settings(environment)
    assert ignored == [
        *("AWS_SECRET_ACCESS_KEY", "DAGSTER_HOME", "LM_S3_ENDPOINT", "LM_SLACK_WEBHOOK_URL")
    ]
    assert environment == {"PATH": "/usr/bin"}


def test_without_any_nothing_is_said():
    assert ignore_settings({"PATH": "/usr/bin"}) == []
