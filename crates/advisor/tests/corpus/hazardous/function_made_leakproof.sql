-- expect: leakproof-function
alter function touched() leakproof;
