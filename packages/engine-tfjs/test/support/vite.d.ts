declare module '*.wasm?url' {
  /** Where Vite serves the file. */
  const address: string;
  export default address;
}
