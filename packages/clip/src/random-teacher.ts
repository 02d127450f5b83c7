import { initialize, normal, torchDefault } from '@umt/nn';
import type { TeacherConfig } from './teacher-config.ts';
import { Teacher } from './teacher.ts';

export function createRandomTeacher(config: TeacherConfig, { seed }: { readonly seed: number }): Teacher {
  const teacher = new Teacher(config);
  const { width, layers, patch, tubelet } = config;
  const attentionStd = width ** -0.5;
  const residualStd = attentionStd * (2 * layers) ** -0.5;
  initialize(teacher, seed, (name) => {
    if (name === 'class_embedding' || name === 'positional_embedding' || name === 'proj') return normal(attentionStd);
    if (name === 'conv1.weight') return torchDefault(3 * tubelet * patch ** 2);
    if (name.endsWith('in_proj_weight')) return normal(attentionStd);
    if (name.endsWith('out_proj.weight') || name.endsWith('c_proj.weight')) return normal(residualStd);
    if (name.endsWith('c_fc.weight')) return normal((2 * width) ** -0.5);
    return null;
  });
  return teacher;
}
