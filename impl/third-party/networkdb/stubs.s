// Functions without bodies, which library.go links to, need an assembly file beside them.
