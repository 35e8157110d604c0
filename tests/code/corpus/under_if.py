import os
import sys

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()

if sys.version_info >= (3, 8):

    class Server(Base):
        __tablename__ = "server"
        __table_args__ = (Index("ix_server_region", "region"),)

        id = Column(BigInteger, primary_key=True)
        host = Column(String(255), unique=True, nullable=False)
        region = Column(String(20), nullable=False)
        stopped_at = Column(DateTime)

else:
    Server = None


def make_models(base):
    """The plugin system wants its models made on demand."""

    class Job(base):
        __tablename__ = "job"

        id = Column(Integer, primary_key=True)
        server_id = Column(Integer, ForeignKey("server.id"), nullable=False)
        command = Column(String(500), nullable=False)
        state = Column(String(10), index=True)
        ended_at = Column(DateTime)

    return Job


Job = make_models(Base)

try:
    import no_such_metrics_library  # noqa: F401
except ImportError:
    class Sample(Base):
        __tablename__ = "sample"

        id = Column(BigInteger, primary_key=True)
        job_id = Column(BigInteger, ForeignKey("job.id"), nullable=False)
        metric = Column(String(40), nullable=False)
        value = Column(Integer)
        at = Column(DateTime, nullable=False)

if not os.environ.get("WITHOUT_AUDIT_TABLES_PLEASE"):
    class Audit(Base):
        __tablename__ = "audit"
        id = Column(BigInteger, primary_key=True)
        actor = Column(String(80), nullable=False)
        action = Column(String(40), nullable=False)
        at = Column(DateTime)
