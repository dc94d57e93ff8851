"""A process that renders page batches: JSON on standard input, packed PDF documents on output."""

import json
import sys

from lm_assets.reports.pdf_engine import PageBatch, PdfEngineError, packed, render_batch


def main() -> int:
    """Render what standard input asks for; a failure ends with its message and exit code 1."""
    try:
        request = json.loads(sys.stdin.buffer.read())
        documents = [
            render_batch(PageBatch(html=html, page_count=page_count))
            for html, page_count in request
        ]
    except PdfEngineError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the parent reads it from there
        return 1
    sys.stdout.buffer.write(packed(documents))
    return 0


if __name__ == "__main__":
    sys.exit(main())
