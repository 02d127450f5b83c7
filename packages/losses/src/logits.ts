import type { Tensor } from '@umt/tensor';

/**
 * B and C of logits.
 * @throws RangeError when the logits are not [B, C]
 */
export function expectLogits(loss: string, { shape }: Tensor): readonly [number, number] {
  const [batch = 0, classes = 0] = shape;
  if (shape.length !== 2 || batch === 0 || classes === 0) {
    throw new RangeError(`${loss}: expected logits [B, C], got [${shape.join(', ')}]`);
  }
  return [batch, classes];
}

/** @throws RangeError when logits and targets are not both [B, C] */
export function expectTargets(loss: string, logits: Tensor, targets: Tensor): void {
  expectLogits(loss, logits);
  if (logits.shape.join() === targets.shape.join()) return;
  const shapes = [logits, targets].map(({ shape }) => `[${shape.join(', ')}]`);
  throw new RangeError(`${loss}: logits ${shapes[0]} and targets ${shapes[1]} must have one shape [B, C]`);
}
