// B clips, T frames of H x W pixels, C classes.
import type { Parameter } from '@umt/nn';
import { scope, withoutGradients, type Tensor } from '@umt/tensor';
import type { AttentiveProbe, Classifier, ClassifierContext } from '@umt/vit';

/** A classifier of clips as it is trained and used: with its own head, or with an attentive probe on its tokens. */
export class ClipClassifier {
  readonly classifier: Classifier;
  /** Answers in place of the classifier's head where there is one. */
  readonly probe: AttentiveProbe | null;

  constructor(classifier: Classifier, probe: AttentiveProbe | null = null) {
    this.classifier = classifier;
    this.probe = probe;
  }

  /** How many classes it tells apart. */
  get classes(): number {
    return this.classifier.config.classes;
  }

  /**
   * What it says of clips.
   *
   * @param video_BTHWC [B, T, H, W, 3], normalised
   * @returns [B, C]
   * @throws RangeError when the video is not of the configured size
   */
  logits(video_BTHWC: Tensor, context: ClassifierContext = {}): Tensor {
    return scope(() => {
      const { logits, tokens } = this.classifier.forward(video_BTHWC, context);
      return this.probe ? this.probe.forward(tokens) : logits;
    });
  }

  /** The same as `logits`, but nothing below the head or the probe is recorded for gradients. */
  logitsOfFrozen(video_BTHWC: Tensor): Tensor {
    return scope(() => {
      const { features, tokens } = withoutGradients(() => this.classifier.forward(video_BTHWC));
      return this.probe ? this.probe.forward(tokens) : this.classifier.head.forward(features);
    });
  }

  /** Every parameter under its name in files: the classifier's official ones, a probe's as `probe.*`. */
  parameters(): ReadonlyMap<string, Parameter> {
    return new Map([...this.classifier.parameters(), ...this.#probeParameters()]);
  }

  /** The parameters that answer from frozen features: those of the head or of the probe. */
  headParameters(): ReadonlyMap<string, Parameter> {
    if (this.probe) return new Map(this.#probeParameters());
    return new Map([...this.classifier.parameters()].filter(([name]) => name.startsWith('head.')));
  }

  /** Disposes every parameter. */
  dispose(): void {
    this.classifier.dispose();
    this.probe?.dispose();
  }

  #probeParameters(): readonly (readonly [string, Parameter])[] {
    return this.probe
      ? [...this.probe.parameters()].map(([name, parameter]) => [`probe.${name}`, parameter] as const)
      : [];
  }
}
