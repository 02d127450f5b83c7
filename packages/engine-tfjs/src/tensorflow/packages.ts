/** The packages that carry TensorFlow's native library to Node: CUDA first. */
export const TENSORFLOW_PACKAGES = ['tfjs-node-gpu', 'tfjs-node'] as const;

/** One of the packages, without `@tensorflow/`. */
export type TensorFlowPackage = (typeof TENSORFLOW_PACKAGES)[number];

/** How the "tensorflow" engine is set up. */
export interface TensorFlowEngineOptions {
  /** Which package to load; default tfjs-node-gpu where it is installed, else tfjs-node. */
  readonly package?: TensorFlowPackage;
  /**
   * A folder in whose node_modules to look first. Otherwise: where this package is installed, the working directory, and
   * the folder that the environment variable UMT_TFJS_NODE_DIR names.
   */
  readonly folder?: string;
}

/** Where one of the packages is installed. */
export interface FoundTensorFlow {
  readonly package: TensorFlowPackage;
  /** Its folder. */
  readonly folder: string;
}
