// The messages are being built.
export {}
