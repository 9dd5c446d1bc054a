//! The sockets: HTTP/1.1 over TCP or TLS, on loopback only.
