from sqlalchemy import *
from sqlalchemy.orm import declarative_base, relationship; import datetime
Base = declarative_base()
class A(Base): __tablename__ = "a"; id = Column(Integer, primary_key=True); x = Column(Integer, index=True); y = Column(String(10), unique=True); gone = Column(DateTime)
class B(Base):
  __tablename__ = "b"; __table_args__ = (Index("ix_b_v", "v"), Index("ix_b_w", "w"))
  id = Column(Integer, primary_key=True); a_id = Column(Integer, ForeignKey("a.id"))
  v = Column(String(20)); w = Column(String(20)); at = Column(DateTime, default=datetime.datetime.now)
  a = relationship("A")
class C(Base):
  __tablename__ = "c"
  id, b_id = Column(Integer, primary_key=True), Column(Integer, ForeignKey("b.id"))
  name = Column(String(30)) ; size = Column(Integer) ; \
  color = Column(String(9))
  made = \
    Column(DateTime,
      index=True)
c_log = Table("c_log", Base.metadata, Column("id", Integer, primary_key=True), Column("c_id", Integer, ForeignKey("c.id")), Column("line", Text)); Index("ix_c_log_line_md5", func.md5(c_log.c.line))
