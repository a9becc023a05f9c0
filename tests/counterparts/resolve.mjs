// Lets the scripts in this folder import packages that lie elsewhere: in the folder that setup.sh filled.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const parent = pathToFileURL(`${process.env.PAPERBOY_NODE_MODULES}/`).href;

registerHooks({
  resolve: (specifier, context, next) =>
    /^[./]|^[a-z]+:/.test(specifier) ? next(specifier, context) : next(specifier, { ...context, parentURL: parent }),
});
