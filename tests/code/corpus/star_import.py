from sqlalchemy import *
from sqlalchemy.orm import *

Base = declarative_base()

class Room( Base ):
    __tablename__ = "room"
    id = Column( Integer, primary_key=True )
    slug = Column( String(60), nullable=False, unique=True )
    topic = Column( Text )
    created = Column( DateTime, nullable=False, server_default=func.now() )
    archived = Column( DateTime )

    messages = relationship( "Message", back_populates="room" )

class Message( Base ):
    __tablename__ = "message"
    __table_args__ = ( Index( "message_room_sent", "room_id", "sent" ), Index( "message_author", "author" ), )
    id = Column( BigInteger, primary_key=True )
    room_id = Column( Integer, ForeignKey( "room.id" ), nullable=False )
    author = Column( String(80), nullable=False )
    body = Column( Text, nullable=False )
    sent = Column( DateTime, nullable=False, server_default=func.now() )
    edited = Column( DateTime )

    room = relationship( "Room", back_populates="messages" )

class Reaction( Base ):
    __tablename__ = "reaction"
    message_id = Column( Integer, ForeignKey( "message.id", ondelete="CASCADE" ), primary_key=True )
    author = Column( String(80), primary_key=True )
    emoji = Column( String(16), nullable=False )
    at = Column( DateTime, nullable=False, server_default=func.now() )
