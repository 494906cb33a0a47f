"""Items on feeds that name documents."""

from datetime import date

from jauap.domain.facts import Document
from jauap.domain.feeds import DocumentPublished, InformationRequested, ItemWithdrawn


def requested(*sha256: str) -> InformationRequested:
    """A communication that was forwarded with these documents."""
    return InformationRequested(
        communication_type="AL", forwarded_on=date(2026, 3, 5), questions=("1",), documents=_documents(sha256)
    )


def published(*sha256: str) -> DocumentPublished:
    """A response that was published with these documents."""
    return DocumentPublished(
        communication_type="AL",
        what="response",
        published_on=date(2026, 6, 5),
        ohchr_published_on=date(2026, 6, 1),
        address="https://www.gov.kz/letters/1",
        documents=_documents(sha256),
    )


def withdrawn(item: str) -> ItemWithdrawn:
    """That an item does not hold any more."""
    return ItemWithdrawn(item=item, reason="The wrong body was named")


def _documents(sha256: tuple[str, ...]) -> tuple[Document, ...]:
    return tuple(
        Document(sha256=one, size=8, media_type="application/pdf", language="en", title="A letter") for one in sha256
    )
