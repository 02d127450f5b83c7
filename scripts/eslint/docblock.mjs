// @ts-check

/** @typedef {any} Node the parser's node, whose TypeScript kinds ESLint's own types do not know */

/** Whether a class member is for others to call. @param {Node} member */
const isPublicMethod = (member) =>
  ['MethodDefinition', 'TSAbstractMethodDefinition', 'TSMethodSignature'].includes(member.type) &&
  ['method', 'get'].includes(member.kind) &&
  !['private', 'protected'].includes(member.accessibility) &&
  member.key.type !== 'PrivateIdentifier' &&
  !member.override;

/**
 * Every symbol a source file exports has a docblock that says something, and so has every public method and getter of an
 * exported class or interface. What overrides a method or implements an interface is described there. Fields may speak for
 * themselves.
 * @type {import('eslint').Rule.RuleModule}
 */
export const docblock = {
  meta: { type: 'problem', docs: { description: 'exported symbols have a docblock' }, schema: [] },
  create(context) {
    const { sourceCode } = context;

    const isDocumented = (/** @type {Node} */ node) => {
      const comment = sourceCode.getCommentsBefore(node).at(-1);
      return comment?.type === 'Block' && comment.value.startsWith('*') && /[A-Za-z]{3}|->/.test(comment.value);
    };
    const namesOf = (/** @type {Node} */ declaration) =>
      (declaration.declarations ?? [declaration]).map((/** @type {Node} */ one) => one.id?.name ?? '(pattern)');

    return {
      Program(/** @type {Node} */ program) {
        /** @type {Map<string, Node>} */
        const local = new Map();
        /** @type {Set<string>} */
        const documented = new Set();
        const require = (/** @type {string} */ name, /** @type {Node} */ statement) => {
          if (documented.has(name)) return;
          if (!isDocumented(statement))
            context.report({ node: statement, message: `exported ${name} has no docblock` });
          documented.add(name);
          const declaration = statement.declaration ?? statement;
          const isOpenClass = declaration.type === 'ClassDeclaration' && !(declaration.implements?.length > 0);
          if (!isOpenClass && declaration.type !== 'TSInterfaceDeclaration') return;
          const described = new Set();
          for (const member of declaration.body.body.filter(isPublicMethod)) {
            const method = sourceCode.getText(member.key);
            if (!described.has(method) && !isDocumented(member))
              context.report({ node: member, message: `exported ${name} has no docblock at ${method}` });
            described.add(method);
          }
        };

        for (const statement of program.body) {
          const declaration = /^(Import|Export)/.test(statement.type) ? statement.declaration : statement;
          if (!declaration?.type.match(/Declaration$|^TSDeclareFunction$/)) continue;
          for (const name of namesOf(declaration)) {
            if (statement.type === 'ExportNamedDeclaration') require(name, statement);
            else if (!local.has(name)) local.set(name, statement);
          }
        }
        for (const statement of program.body) {
          if (statement.type !== 'ExportNamedDeclaration' || statement.source) continue;
          for (const {
            local: { name },
          } of statement.specifiers) {
            const declared = local.get(name);
            if (declared !== undefined) require(name, declared);
          }
        }
      },
    };
  },
};
