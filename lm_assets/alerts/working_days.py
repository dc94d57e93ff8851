"""Working days, Monday to Friday in UTC: nobody is reminded because of a weekend."""

from datetime import datetime, timedelta

_SATURDAY = 5


def after_working_days(moment: datetime, days: int) -> datetime:
    """Return the moment that lies so many working days later, at the same time of day.

    Of a weekend's moment the counting begins with Monday.

    Examples
    --------
    Two working days after a Friday is Tuesday.

    >>> from datetime import UTC
    >>> after_working_days(datetime(2026, 11, 27, 8, tzinfo=UTC), 2).strftime("%a %H:%M")
    'Tue 08:00'
    """
    while days > 0:
        moment += timedelta(days=1)
        days -= moment.weekday() < _SATURDAY
    return moment
