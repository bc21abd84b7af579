"""A LiveKit agent that interprets: it joins a room, and says in another language what it hears.

    export OPENAI_BASE_URL=http://127.0.0.1:8000/v1 OPENAI_API_KEY=any      # the service, and its key
    export LIVEKIT_URL=ws://... LIVEKIT_API_KEY=... LIVEKIT_API_SECRET=...  # your LiveKit server
    python -m livekit.agents start examples/livekit_agent.py

TARGET_LANGUAGE is the language to translate to, English by default. ``lk agent console`` of LiveKit's command
line tries the agent with the microphone, without a LiveKit server. Needs
``pip install livekit-plugins-openai``.
"""

import os

from livekit.agents import Agent, AgentServer, AgentSession, ConversationItemAddedEvent, JobContext
from livekit.plugins import openai

server = AgentServer()


@server.rtc_session()
async def interpret(ctx: JobContext) -> None:
    """Serve one room: the service recognises, translates and speaks in one."""
    session = AgentSession(llm=openai.realtime.RealtimeModel(model="gpt-realtime", voice="alloy"))

    @session.on("conversation_item_added")
    def note(event: ConversationItemAddedEvent) -> None:
        if event.item.type == "message":
            print(f"{event.item.role}: {event.item.text_content}", flush=True)

    language = os.environ.get("TARGET_LANGUAGE", "English")
    await session.start(Agent(instructions=f"Translate into {language}."), room=ctx.room)
