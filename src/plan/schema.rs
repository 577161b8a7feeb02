//! The plan's format as JSON Schema, for editors.
