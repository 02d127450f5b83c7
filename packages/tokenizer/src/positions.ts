import { add, cast, gather, reshape, type Tensor } from '@umt/tensor';

/**
 * Adds to every token the row of its position.
 *
 * @param tokens_BMD [B, M, D]
 * @param table_ND [N, D]
 * @param visible int32 [B, M], the positions of the tokens; without it they are 0 .. N - 1 and M is N
 */
export function addPositions(tokens_BMD: Tensor, table_ND: Tensor, visible?: Tensor): Tensor {
  const rows = visible ? gather(table_ND, visible) : reshape(table_ND, [1, ...table_ND.shape]);
  return add(tokens_BMD, cast(rows, tokens_BMD.dtype));
}
