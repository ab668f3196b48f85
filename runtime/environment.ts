/**
 * The names of Node and of browsers that this package's types mention. Where their own declarations are there (`@types/node`, the
 * library `dom`), these merge with them and add nothing; where they are not, the package's types still hold without `skipLibCheck`.
 */
declare global {
  interface AbortSignal {}
  interface URL {}
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> extends Uint8Array<TArrayBuffer> {}
  namespace NodeJS {
    interface ReadableStream {}
    interface WritableStream {}
  }
}
export {};
