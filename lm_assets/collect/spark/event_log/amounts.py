"""Numbers that events hold, as far as they can be what they say."""

from typing import Annotated

from msgspec import Meta

# Milliseconds since 1970 that a calendar has (to the end of the year 9999).
Instant = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
# Metrics of which a sum may truly be zero: one that a task does not record is not added as zero.
GC_TIME = "JVM GC Time"
DISK_SPILL = "Disk Bytes Spilled"
# Bytes, rows and times of one task: a petabyte is more than any has, and nothing is below zero.
Amount = Annotated[int, Meta(ge=0, le=2**50)]
# A task that ended before its executor was looked at has a peak of -1.
Peak = Annotated[int, Meta(ge=-1, le=2**50)]
CpuTime = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Identity = Annotated[int, Meta(ge=0)]
# More than any machine has; less than one is no executor.
Cores = Annotated[int, Meta(ge=0, le=2**16)]
