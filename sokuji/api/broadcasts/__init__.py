"""The door of listeners: the WebSocket on which the events of somebody else's session come."""
