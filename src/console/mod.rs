//! The console: the only user of the terminal. Draws snapshots, never asks a server.
