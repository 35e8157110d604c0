import datetime

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Car(Base):
	__tablename__ = 'car'
	__table_args__ = (
		Index('ix_car_make', 'make'),
		Index('ix_car_sold', 'sold_at', 'make'),
	)

	id = Column(Integer, primary_key=True)
	plate = Column(String(12), nullable=False, unique=True)
	make = Column(String(30), nullable=False)
	color = Column(String(20))
	sold_at = Column(DateTime)


class Repair(Base):
	__tablename__ = 'repair'

	id = Column(Integer, primary_key=True)
	car_id = Column(Integer, ForeignKey('car.id'), nullable=False, index=True)
	mechanic = Column(String(60))
	minutes = Column(Integer, default=0)
	done_at = Column(DateTime, default=datetime.datetime.now)

	def is_done(self):
		if self.done_at:
			return True
		return False


class Part(Base):
	__tablename__ = 'part'
	id = Column(Integer, primary_key=True)
	repair_id = Column(Integer, ForeignKey('repair.id'))
	number = Column(String(30),
	                nullable=False)
	price = Column(Integer)
