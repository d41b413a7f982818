// The rooms are being built.
export {}
