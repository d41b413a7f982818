// The inbox are being built.
export {}
