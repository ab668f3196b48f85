/** Properties draw the same examples on every machine; PROPERTY_SEED=n draws others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 20261123) });
