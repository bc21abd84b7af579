"""A direct way for the frames of WebSockets between Serve's proxy and a gateway replica on the same machine.

Serve's proxy hands frames to the replica by one actor call after another, and takes what comes back likewise.
That costs about 3 ms of processor time a frame, and nothing bounds what waits on either side. With this
package the proxy and the replica share a Unix socket for each WebSocket. Serve still chooses the replica,
counts the open WebSocket as a request, and passes on its handshake and its end; only the frames between them
take the direct way. Where there is none (another machine, a system without abstract addresses, a proxy
without the middleware), frames go through Serve.
"""
