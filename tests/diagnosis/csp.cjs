// Prints what Google’s evaluator says of each policy in a file: csp.cjs FOLDER-OF-THE-PACKAGE FILE
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const [, , place, asked] = process.argv;
const {CspEvaluator} = require(path.join(place, 'dist', 'evaluator.js'));
const {CspParser} = require(path.join(place, 'dist', 'parser.js'));
const policies = JSON.parse(fs.readFileSync(asked, 'utf8'));
const told = policies.map((policy) => new CspEvaluator(new CspParser(policy).csp).evaluate());
process.stdout.write(JSON.stringify(told));
