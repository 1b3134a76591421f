// Repo rules that no linter has. Loaded by .oxlintrc.json.

const MONEY_NAME = /(nano|micro)[_-]?usd|^cost$|cost(Usd)?$/i;

/** Money is bigint nano-USD: a money-named declaration annotated `number` is an error. */
const noMoneyAsNumber = {
  meta: { type: "problem", docs: { description: "money is bigint nano-USD, never number" } },
  create(context) {
    const check = (node, name) => {
      const annotation = node.typeAnnotation?.typeAnnotation;
      if (
        annotation?.type === "TSNumberKeyword" &&
        /nanoUsd|microUsd/i.test(name) &&
        MONEY_NAME.test(name)
      ) {
        context.report({ node, message: `"${name}" is money: use bigint nano-USD, not number` });
      }
    };
    return {
      Identifier(node) {
        if (node.typeAnnotation) check(node, node.name);
      },
      TSPropertySignature(node) {
        if (node.key?.type === "Identifier") check(node, node.key.name);
      },
      PropertyDefinition(node) {
        if (node.key?.type === "Identifier") check(node, node.key.name);
      },
    };
  },
};

export default { meta: { name: "lensai" }, rules: { "no-money-as-number": noMoneyAsNumber } };
