import { Parameter } from './parameter.ts';

/**
 * A part of a model: a class whose fields are parameters, modules, or arrays of modules. Field names are the official
 * checkpoint names (snake_case where the reference has it), so `parameters()` needs no table.
 */
export abstract class Module {
  /**
   * Every parameter under its full dotted name, e.g. `encoder.blocks.0.attn.qkv.weight`, in declaration order.
   * The order is that of the reference's state dict where the fields are declared in its order.
   */
  parameters(): ReadonlyMap<string, Parameter> {
    return new Map(walk(this, ''));
  }

  /** Disposes every parameter. */
  dispose(): void {
    for (const parameter of this.parameters().values()) parameter.dispose();
  }
}

function* walk(module: object, prefix: string): Generator<[string, Parameter]> {
  for (const [field, value] of Object.entries(module)) {
    const name = prefix + field;
    if (value instanceof Parameter) yield [name, value];
    else if (value instanceof Module) yield* walk(value, `${name}.`);
    else if (Array.isArray(value) && value.every((child) => child instanceof Module)) {
      for (const [index, child] of value.entries()) yield* walk(child, `${name}.${index}.`);
    }
  }
}
