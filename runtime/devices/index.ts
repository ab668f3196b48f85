/** Devices of the gpu target: gpu.js on WebGPU, WebGL2, WebAssembly or plain JavaScript. */
export { openGpu } from './open.js';
export type { GpuModule } from '../contract/gpu-plan.js';
