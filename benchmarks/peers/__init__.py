"""The same two hops and the same pure step on other stream processors, each as its own documentation would write it."""
